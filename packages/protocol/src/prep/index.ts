export { nameprep, nodeprep, resourceprep, saslprep } from './profiles.ts'
export { domainToAscii, domainprep } from './domain.ts'
