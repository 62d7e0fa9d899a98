import {
  days,
  flag,
  hostTemplate,
  integer,
  integerOrInfinity,
  iqdisc,
  oneOf,
  optionalSection,
  required,
  seconds,
  secret,
  section,
  text,
} from '../../core/module.ts'

/** `[modules.mod_http_upload.s3]`. */
export const s3Settings = {
  bucket_url: required(text(undefined, 'The address of the bucket.', { nonEmpty: true })),
  region: required(text(undefined, 'The region of the bucket.', { nonEmpty: true })),
  access_key_id: required(text(undefined, 'The name of the key that signs addresses.', { nonEmpty: true })),
  secret_access_key: required(secret(undefined, 'That key.')),
  add_acl: flag(false, 'Make files readable by everybody with the header `x-amz-acl: public-read`.'),
}

/** `[modules.mod_http_upload.local]`. */
export const localSettings = {
  user_bytes: integerOrInfinity(1_073_741_824, 'Bytes that the files of a user may have together.', { min: 1 }),
  user_files: integer(1000, 'How many files a user may have.', { min: 1, max: 10_000 }),
  user_bytes_per_day: integerOrInfinity(104_857_600, 'Bytes that a user may upload in 24 hours.', { min: 1 }),
  expire_after: days(30, 'How long files are kept.', { infinity: true }),
}

/** `[modules.mod_http_upload]`. */
export const uploadSettings = {
  host: hostTemplate('upload.@HOST@', 'The domain of the service; `@HOST@` stands for each served domain.'),
  backend: oneOf(
    ['s3', 'local'],
    undefined,
    'Where files are: in a bucket of Amazon S3 or the like, or in the data folder, served by `meerkat_upload_handler`. Unless written, `"s3"` when there is a section `s3`, else `"local"`.',
  ),
  expiration_time: seconds(60, 'How long an address for an upload is good.'),
  token_bytes: integer(32, 'Random bytes in an address; written as twice as many digits.', { min: 1, max: 256 }),
  max_file_size: integerOrInfinity(10_485_760, 'Bytes that a file may have.', { min: 1 }),
  s3: optionalSection(s3Settings, 'The bucket.'),
  local: section(localSettings, 'Files in the data folder.'),
  iqdisc,
}
