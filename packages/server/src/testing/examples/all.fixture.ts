/** The specifications whose examples are played. */
import type { Specification } from './play.fixture.ts'
import { rfc6121 } from './rfc-6121.fixture.ts'
import { xep0012 } from './xep-0012.fixture.ts'
import { xep0016 } from './xep-0016.fixture.ts'
import { xep0023 } from './xep-0023.fixture.ts'
import { xep0030 } from './xep-0030.fixture.ts'
import { xep0049 } from './xep-0049.fixture.ts'
import { xep0050 } from './xep-0050.fixture.ts'
import { xep0054 } from './xep-0054.fixture.ts'
import { xep0055 } from './xep-0055.fixture.ts'
import { xep0060 } from './xep-0060.fixture.ts'
import { xep0077 } from './xep-0077.fixture.ts'
import { xep0079 } from './xep-0079.fixture.ts'
import { xep0084 } from './xep-0084.fixture.ts'
import { xep0092 } from './xep-0092.fixture.ts'
import { xep0115 } from './xep-0115.fixture.ts'
import { xep0126 } from './xep-0126.fixture.ts'
import { xep0153 } from './xep-0153.fixture.ts'
import { xep0157 } from './xep-0157.fixture.ts'
import { xep0160 } from './xep-0160.fixture.ts'
import { xep0163 } from './xep-0163.fixture.ts'
import { xep0172 } from './xep-0172.fixture.ts'
import { xep0191 } from './xep-0191.fixture.ts'
import { xep0198 } from './xep-0198.fixture.ts'
import { xep0199 } from './xep-0199.fixture.ts'
import { xep0202 } from './xep-0202.fixture.ts'
import { xep0215 } from './xep-0215.fixture.ts'
import { xep0223 } from './xep-0223.fixture.ts'
import { xep0237 } from './xep-0237.fixture.ts'
import { xep0279 } from './xep-0279.fixture.ts'
import { xep0280 } from './xep-0280.fixture.ts'
import { xep0352 } from './xep-0352.fixture.ts'
import { xep0363 } from './xep-0363.fixture.ts'
import { xep0402 } from './xep-0402.fixture.ts'

/** All of them. */
export const ALL: readonly Specification[] = [
  rfc6121,
  xep0012,
  xep0016,
  xep0023,
  xep0030,
  xep0049,
  xep0050,
  xep0054,
  xep0055,
  xep0060,
  xep0077,
  xep0079,
  xep0084,
  xep0092,
  xep0115,
  xep0126,
  xep0153,
  xep0157,
  xep0160,
  xep0163,
  xep0172,
  xep0191,
  xep0198,
  xep0199,
  xep0202,
  xep0215,
  xep0223,
  xep0237,
  xep0279,
  xep0280,
  xep0352,
  xep0363,
  xep0402,
]
