/** Calls to Callbell that one operation may plan, and reads that it may make: a sixth of the account's limit a second. */
export const maxCalls = 50
