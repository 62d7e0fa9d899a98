/** A reader's worker thread. */
import { answering } from './answering.ts'
import { serve } from './worker.ts'

serve(answering)
