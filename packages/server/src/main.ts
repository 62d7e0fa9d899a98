/** The server process. What it does is loaded once V8 knows that it is not worth the optimizing. */
import { optimizeLater } from './main/unoptimized.ts'

optimizeLater()
const { command } = await import('./main/command.ts')
await command(process.argv.slice(2))
