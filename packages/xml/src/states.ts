/** Where the scanner is. Plain numbers: the compiler makes a jump table of a switch over them. */

export const START = 0
export const OUTSIDE = 1
export const CONTENT = 2
export const TAG = 3
export const TAG_NAME = 4
export const IN_TAG = 5
export const ATTRIBUTE_NAME = 6
export const EQUALS = 7
export const OPEN_QUOTE = 8
export const ATTRIBUTE_VALUE = 9
export const EMPTY_TAG = 10
export const END_NAME = 11
export const END_TAG = 12
export const MARKUP = 13
export const CDATA_OPEN = 14
export const CDATA = 15
