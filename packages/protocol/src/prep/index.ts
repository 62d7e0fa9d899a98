export { nameprep, nodeprep, resourceprep, saslprep } from './profiles.ts'
export { domainprep } from './domain.ts'
