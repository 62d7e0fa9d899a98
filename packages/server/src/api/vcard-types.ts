/** The types of vCards, the same in every schema. */

/** Schema text. */
export const VCARD_TYPES = `
"A vCard (XEP-0054)."
type Vcard @protected {
  "The name as it is shown"
  formattedName: String
  "The parts of the name"
  nameComponents: NameComponents
  "Nicknames"
  nickname: [String]
  "Photographs"
  photo: [Image]
  "The date of birth"
  birthday: [String]
  "Postal addresses"
  address: [Address]
  "Addresses as they are written on an envelope"
  label: [Label]
  "Telephone numbers"
  telephone: [Telephone]
  "Addresses for mail"
  email: [Email]
  "JIDs"
  jabberId: [String]
  "Programs for mail"
  mailer: [String]
  "Time zones"
  timeZone: [String]
  "Places on the globe"
  geo: [GeographicalPosition]
  "Titles at work"
  title: [String]
  "Roles at work"
  role: [String]
  "Logos"
  logo: [Image]
  "Who acts for this person"
  agent: [Agent]
  "Organizations and their units"
  org: [Organization]
  "Keywords"
  categories: [Keyword]
  "Notes"
  note: [String]
  "The program that has made this vCard"
  prodId: [String]
  "When this vCard was changed, in the form of ISO 8601"
  rev: [String]
  "The name as it is sorted"
  sortString: [String]
  "How the name sounds"
  sound: [Sound]
  "What identifies this vCard"
  uid: [String]
  "Web addresses"
  url: [String]
  "Descriptions"
  desc: [String]
  "Who may see this vCard, as its owner thinks"
  class: [Privacy]
  "Public keys"
  key: [Key]
}

"A vCard (XEP-0054) to be set."
input VcardInput {
  "The name as it is shown"
  formattedName: String!
  "The parts of the name"
  nameComponents: NameComponentsInput!
  "Nicknames"
  nickname: [String]
  "Photographs"
  photo: [ImageInput!]
  "The date of birth"
  birthday: [String!]
  "Postal addresses"
  address: [AddressInput!]
  "Addresses as they are written on an envelope"
  label: [LabelInput!]
  "Telephone numbers"
  telephone: [TelephoneInput!]
  "Addresses for mail"
  email: [EmailInput!]
  "JIDs"
  jabberId: [String!]
  "Programs for mail"
  mailer: [String!]
  "Time zones"
  timeZone: [String!]
  "Places on the globe"
  geo: [GeographicalPositionInput!]
  "Titles at work"
  title: [String!]
  "Roles at work"
  role: [String!]
  "Logos"
  logo: [ImageInput!]
  "Who acts for this person"
  agent: [AgentInput!]
  "Organizations and their units"
  org: [OrganizationInput!]
  "Keywords"
  categories: [KeywordInput!]
  "Notes"
  note: [String!]
  "The program that has made this vCard"
  prodId: [String!]
  "When this vCard was changed, in the form of ISO 8601"
  rev: [String!]
  "The name as it is sorted"
  sortString: [String!]
  "How the name sounds"
  sound: [SoundInput!]
  "What identifies this vCard"
  uid: [String!]
  "Web addresses"
  url: [String!]
  "Descriptions"
  desc: [String!]
  "Who may see this vCard, as its owner thinks"
  class: [PrivacyInput!]
  "Public keys"
  key: [KeyInput!]
}

"The parts of a name."
type NameComponents @protected {
  family: String
  givenName: String
  middleName: String
  prefix: String
  suffix: String
}

"The parts of a name."
input NameComponentsInput {
  family: String
  givenName: String
  middleName: String
  prefix: String
  suffix: String
}

"A postal address."
type Address @protected {
  tags: [AddressTags]
  pobox: String
  extadd: String
  street: String
  locality: String
  region: String
  pcode: String
  country: String
}

"A postal address."
input AddressInput {
  tags: [AddressTags!]
  pobox: String
  extadd: String
  street: String
  locality: String
  region: String
  pcode: String
  country: String
}

"An address as it is written on an envelope."
type Label @protected {
  tags: [AddressTags]
  line: [String]
}

"An address as it is written on an envelope."
input LabelInput {
  tags: [AddressTags!]
  line: [String!]!
}

"A telephone number."
type Telephone @protected {
  tags: [TelephoneTags]
  number: String
}

"A telephone number."
input TelephoneInput {
  tags: [TelephoneTags!]
  number: String!
}

"An address for mail."
type Email @protected {
  tags: [EmailTags]
  userId: String
}

"An address for mail."
input EmailInput {
  tags: [EmailTags!]
  userId: String!
}

"A place on the globe."
type GeographicalPosition @protected {
  lat: String
  lon: String
}

"A place on the globe."
input GeographicalPositionInput {
  lat: String!
  lon: String!
}

"An organization and its units."
type Organization @protected {
  orgname: String
  orgunit: [String]
}

"An organization and its units."
input OrganizationInput {
  orgname: String!
  orgunit: [String!]
}

"Keywords."
type Keyword @protected {
  keyword: [String]
}

"Keywords."
input KeywordInput {
  keyword: [String!]
}

"Who may see a vCard."
type Privacy @protected {
  tags: [PrivacyClassificationTags]
}

"Who may see a vCard."
input PrivacyInput {
  tags: [PrivacyClassificationTags!]
}

"A public key."
type Key @protected {
  type: String
  credential: String
}

"A public key."
input KeyInput {
  type: String
  credential: String!
}

"An image in the vCard."
type ImageData @protected {
  "Its media type"
  type: String
  "In base64"
  binValue: String
}

"Something at another place."
type External @protected {
  "Its address"
  extValue: String
}

"A sound in words."
type Phonetic @protected {
  phonetic: String
}

"A sound in the vCard."
type BinValue @protected {
  "In base64"
  binValue: String
}

"An agent with a vCard."
type AgentVcard @protected {
  vcard: Vcard
}

"An image, here or elsewhere"
union Image = ImageData | External

"A sound, here or elsewhere"
union Sound = Phonetic | BinValue | External

"An agent, here or elsewhere"
union Agent = AgentVcard | External

"An image: binValue (base64) with its type, or extValue, where it is."
input ImageInput {
  type: String
  binValue: String
  extValue: String
}

"A sound: phonetic (words), binValue (base64), or extValue, where it is."
input SoundInput {
  phonetic: String
  binValue: String
  extValue: String
}

"An agent: a vCard, or extValue, where it is."
input AgentInput {
  extValue: String
  vcard: VcardInput
}

"Who may see a vCard."
enum PrivacyClassificationTags {
  PUBLIC
  PRIVATE
  CONFIDENTIAL
}

"The kind of an address."
enum AddressTags {
  HOME
  WORK
  POSTAL
  PARCEL
  DOM
  PREF
  INTL
}

"The kind of a telephone number."
enum TelephoneTags {
  HOME
  WORK
  VOICE
  FAX
  PAGER
  MSG
  CELL
  VIDEO
  BBS
  MODEM
  ISDN
  PCS
  PREF
}

"The kind of an address for mail."
enum EmailTags {
  HOME
  WORK
  INTERNET
  PREF
  X400
}
`
