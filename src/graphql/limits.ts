/** Calls to Callbell that one operation may plan, and reads that it may make: a sixth of what the account may in a second. */
export const mostCalls = 50
