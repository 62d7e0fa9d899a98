# shellcheck shell=bash
# Profanity, a foreign client in a terminal; the package without a desktop.
answers() { command -v profanity; }
provide() { apt_install profanity-light; }
ready() { profanity --version | head -n 1; }
