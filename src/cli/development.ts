/** What is said of every key on the phase 1 for development. */
export const DEVELOPMENT =
  "DEVELOPMENT SETUP: somebody may know the secret of its phase 1, and forge. For local chains only.";
