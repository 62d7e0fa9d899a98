/** `allowed_categories` of a handler: which parts of its schema it serves. */
import type { ApiContext } from './context.ts'
import { ApiError } from './errors.ts'

/** MongooseIM's list cannot name this category as its schema does. */
const OTHER_NAMES: Readonly<Record<string, string>> = { httpUpload: 'http_upload' }

/** Throws `category_disabled` for a category that this handler does not serve. */
export function requireCategory(category: string, { allowedCategories }: ApiContext): void {
  if (allowedCategories === undefined || allowedCategories.includes(category)) return
  const other = OTHER_NAMES[category]
  if (other !== undefined && allowedCategories.includes(other)) return
  throw new ApiError('category_disabled', 'Category disabled', { category })
}
