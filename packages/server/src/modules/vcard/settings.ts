/** The settings of mod_vcard. */
import {
  type Setting,
  backend,
  flag,
  hostTemplate,
  integer,
  integerOrInfinity,
  iqdiscOf,
  list,
  noEffect,
  oneOf,
  optionalSection,
  required,
  tables,
  text,
} from '../../core/module.ts'

const DIRECTORY = ['mnesia', 'rdbms', 'ldap'] as const

/** MongooseIM can read vCards from LDAP. */
function keeper(): Setting<(typeof DIRECTORY)[number]> {
  const any = backend(DIRECTORY, 'mnesia')
  const error = 'cannot be "ldap": vCards from LDAP are not built; "mnesia" and "rdbms" keep them in the main store'
  return { ...any, schema: (context) => any.schema(context).refine((value) => value !== 'ldap', { error }) }
}

const ldap = noEffect(
  optionalSection(
    {
      pool_tag: text('default', 'The tag of the pool `[outgoing_pools.ldap.TAG]`.'),
      base: text(undefined, 'The entry below which users are.'),
      deref: oneOf(['never', 'always', 'finding', 'searching'], 'never', 'When aliases are followed.'),
      filter: text(undefined, 'A filter that all users pass.'),
      uids: tables(
        { attr: text('uid', 'The attribute with the name.'), format: text('%u', 'How the name stands in it.') },
        'Where the names of users stand.',
      ),
      vcard_map: tables(
        {
          vcard_field: required(text(undefined, 'A property of the vCard.', { nonEmpty: true })),
          ldap_pattern: required(text(undefined, 'How its value is made.', { nonEmpty: true })),
          ldap_field: required(text(undefined, 'The attribute it is made from.', { nonEmpty: true })),
        },
        'How vCards are made from entries.',
      ),
      search_fields: tables(
        {
          search_field: required(text(undefined, 'A field of the search.', { nonEmpty: true })),
          ldap_field: required(text(undefined, 'The attribute that is searched.', { nonEmpty: true })),
        },
        'What can be searched for.',
      ),
      search_reported: tables(
        {
          search_field: required(text(undefined, 'A field of the result.', { nonEmpty: true })),
          vcard_field: required(text(undefined, 'The property that it tells.', { nonEmpty: true })),
        },
        'What results tell.',
      ),
      search_operator: oneOf(['and', 'or'], 'and', 'Whether all values must hold, or one.'),
      binary_search_fields: list(text(undefined, '', { nonEmpty: true }), [], 'Fields with binary values.'),
    },
    'For `backend = "ldap"`, which is not built.',
  ),
)

/** The settings of mod_vcard, with the names and defaults of MongooseIM. */
export const settings = {
  host: hostTemplate('vjud.@HOST@', 'The domain of the search service.'),
  search: flag(true, 'Let users search for others.'),
  backend: keeper(),
  matches: integerOrInfinity(30, 'How many users a search finds at most.', { min: 0 }),
  max_size: integer(262_144, 'How large a vCard may be, in bytes.', { min: 1 }),
  iqdisc: iqdiscOf('parallel'),
  ldap,
}
