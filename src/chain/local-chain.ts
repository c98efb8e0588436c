/** What every development node calls itself: only there is a test token deployed, or a development key published. */
export const LOCAL_CHAIN_ID = 31_337;
