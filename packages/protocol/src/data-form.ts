/** XEP-0004 2.13.1: Data Forms, with XEP-0068 FORM_TYPE. Field names come from outside, so they only ever are keys of a Map (S14). */
import { type Element, tag, text } from '@meerkat/xml'
import { StanzaError } from './errors.ts'

const NS = 'jabber:x:data'

export const DataForm = tag(NS, 'x')
const Title = tag(NS, 'title')
const Instructions = tag(NS, 'instructions')
const FieldTag = tag(NS, 'field')
const Value = tag(NS, 'value')
const Option = tag(NS, 'option')
const Desc = tag(NS, 'desc')
const Required = tag(NS, 'required')
const Reported = tag(NS, 'reported')
const ItemTag = tag(NS, 'item')
const Validate = tag('http://jabber.org/protocol/xdata-validate', 'validate')
const Open = tag('http://jabber.org/protocol/xdata-validate', 'open')

/** XEP-0004 §3.1: what a form is for. */
export type FormType = 'form' | 'submit' | 'cancel' | 'result'

/** XEP-0004 §3.3: what a field holds. */
export type FormFieldType =
  | 'boolean'
  | 'fixed'
  | 'hidden'
  | 'jid-multi'
  | 'jid-single'
  | 'list-multi'
  | 'list-single'
  | 'text-multi'
  | 'text-private'
  | 'text-single'

/** A field as it is built. */
export interface FormField {
  /** The name; only a `fixed` field has none. */
  readonly var?: string
  readonly type?: FormFieldType
  readonly label?: string
  readonly desc?: string
  readonly required?: boolean
  /** One value or several; true and false are written as 1 and 0. */
  readonly value?: string | boolean | readonly string[]
  readonly options?: readonly { readonly label?: string; readonly value: string }[]
  /** Whether a list takes values that are not among its options (XEP-0122 §3.2.2). */
  readonly open?: boolean
}

/** A form as it is read: names and values, whatever their types. */
export interface ParsedForm {
  readonly type: FormType
  /** FORM_TYPE (XEP-0068), undefined when the form has none. */
  readonly formType: string | undefined
  /** The other fields, in their order. A field without value has an empty list. */
  readonly values: ReadonlyMap<string, readonly string[]>
}

/** Reads a form; throws `bad-request` for an unknown type, a field without name and a name used twice (XEP-0004 §3). */
export function parseForm(form: Element): ParsedForm {
  const type = form.attr('type')
  if (!isFormType(type)) throw new StanzaError('modify', 'bad-request', 'The form has no known type.')
  const values = new Map<string, readonly string[]>()
  for (const field of FieldTag.all(form)) {
    const name = field.attr('var')
    if (name === undefined && field.attr('type') === 'fixed') continue
    if (name === undefined || name === '') throw new StanzaError('modify', 'bad-request', 'A form field has no name.')
    if (values.has(name)) throw new StanzaError('modify', 'bad-request', 'A form field occurs twice.')
    values.set(name, Value.all(field).map(text))
  }
  const formType = values.get('FORM_TYPE')?.[0]
  values.delete('FORM_TYPE')
  return { type, formType, values }
}

/** The form in `parent` whose FORM_TYPE is `formType`, or the first form when that is not given. */
export function findForm(parent: Element, formType?: string): Element | undefined {
  if (formType === undefined) return DataForm.in(parent)
  return DataForm.all(parent).find((form) => {
    const field = FieldTag.all(form).find((candidate) => candidate.attr('var') === 'FORM_TYPE')
    return field !== undefined && text(Value.in(field)) === formType
  })
}

/** Reads the value of a boolean field (XEP-0004 §3.3); undefined when it is none. */
export function parseFormBoolean(value: string | undefined): boolean | undefined {
  if (value === '1' || value === 'true') return true
  return value === '0' || value === 'false' ? false : undefined
}

/** What stands around the fields of a form. */
export interface FormFrame {
  readonly type: FormType
  readonly formType?: string | undefined
  readonly title?: string | undefined
  readonly instructions?: string | undefined
}

/** Builds a form, a submission or a single result. */
export function buildForm({ type, formType, title, instructions }: FormFrame, fields: readonly FormField[]): Element {
  return DataForm(
    { type },
    title === undefined ? undefined : Title({}, title),
    instructions === undefined ? undefined : Instructions({}, instructions),
    formType === undefined ? undefined : formTypeField(formType),
    ...fields.map(buildField),
  )
}

/** Builds a result of several rows (XEP-0004 §3.4); a row without a column's name leaves that cell out. */
export function buildFormTable(
  formType: string | undefined,
  columns: readonly FormField[],
  rows: readonly ReadonlyMap<string, string | readonly string[]>[],
  title?: string,
): Element {
  const names = columns.map((column) => column.var ?? '')
  const cells = (row: ReadonlyMap<string, string | readonly string[]>): Element[] =>
    names.filter((name) => row.has(name)).map((name) => buildField({ var: name, value: row.get(name)! }))
  return DataForm(
    { type: 'result' },
    title === undefined ? undefined : Title({}, title),
    formType === undefined ? undefined : formTypeField(formType),
    Reported({}, ...columns.map(buildField)),
    ...rows.map((row) => ItemTag({}, ...cells(row))),
  )
}

/** Reads the rows of a result of several rows. */
export function parseFormRows(form: Element): ReadonlyMap<string, readonly string[]>[] {
  return ItemTag.all(form).map(
    (item) => new Map(FieldTag.all(item).map((field) => [field.attr('var') ?? '', Value.all(field).map(text)])),
  )
}

function buildField(field: FormField): Element {
  const { type, label, desc, required, value = [], options = [], open = false } = field
  const values = typeof value === 'boolean' ? [value ? '1' : '0'] : typeof value === 'string' ? [value] : value
  return FieldTag(
    { var: field.var, type, label },
    desc === undefined ? undefined : Desc({}, desc),
    required === true ? Required() : undefined,
    open ? Validate({ datatype: 'xs:string' }, Open()) : undefined,
    ...values.map((one) => Value({}, one)),
    ...options.map((option) => Option({ label: option.label }, Value({}, option.value))),
  )
}

/** XEP-0068 §3.1: hidden, so that people do not see it. */
function formTypeField(formType: string): Element {
  return buildField({ var: 'FORM_TYPE', type: 'hidden', value: formType })
}

function isFormType(type: string | undefined): type is FormType {
  return type === 'form' || type === 'submit' || type === 'cancel' || type === 'result'
}
