# shellcheck shell=bash
# Converse.js, a client in a web page, and the Chromium to run it in. Its licence is the MPL 2.0: it is fetched for this
# test alone, and is neither a dependency nor a part of the server.
converse_version=14.0.0
converse_integrity=LFUg030jDalV47vI/vyVPqYPZfJYXFbubq8v0cFDe2zXNeeGEk3Up0Fj/WTzT6t+6do+cAIToy73eAj7RNDj2Q==
converse=$STATE/converse-$converse_version

answers() { command -v chromium && [ -f "$converse/dist/converse.min.js" ]; }

provide() {
  command -v chromium >/dev/null || apt_install chromium fonts-dejavu-core
  [ ! -f "$converse/dist/converse.min.js" ] || return 0
  local folder
  folder=$(mktemp -d "$STATE/converse.XXXXXX")
  (cd "$folder" && npm pack --silent "converse.js@$converse_version" >/dev/null) || die 'npm pack failed'
  [ "$(openssl dgst -sha512 -binary "$folder"/*.tgz | base64 -w0)" = "$converse_integrity" ] || die 'not the package that was expected'
  tar -xzf "$folder"/*.tgz -C "$folder"
  rm -rf "$converse"
  mv "$folder/package" "$converse"
  rm -rf "$folder"
}

ready() { echo "version $converse_version, $(chromium --version --no-sandbox 2>/dev/null)"; }
