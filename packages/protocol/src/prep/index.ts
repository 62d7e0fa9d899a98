export { nodeprep, resourceprep } from './profiles.ts'
export { domainprep } from './domain.ts'
