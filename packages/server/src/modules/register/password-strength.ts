/** MongooseIM's estimate of how hard a password is to guess, in bits. */

/** The classes of characters, and how many characters a class is taken to have. */
const CLASSES: readonly { readonly size: number; readonly has: (code: number) => boolean }[] = [
  { size: 9, has: (code) => code >= 0x30 && code <= 0x39 },
  { size: 26, has: (code) => code >= 0x61 && code <= 0x7a },
  { size: 26, has: (code) => code >= 0x41 && code <= 0x5a },
  { size: 33, has: (code) => code >= 0x21 && code <= 0x7e },
]
const OTHER_SIZE = 128

/** Length × log2 of the sizes of the classes that occur: digits 9, lower case 26, upper case 26, other printable ASCII 33, anything else 128. */
export function passwordEntropy(password: string): number {
  const used = new Set<number>()
  let length = 0
  for (const character of password) {
    length++
    used.add(CLASSES.findIndex(({ has }) => has(character.codePointAt(0)!)))
  }
  let size = 0
  for (const index of used) size += CLASSES[index]?.size ?? OTHER_SIZE
  return size === 0 ? 0 : length * Math.log2(size)
}
