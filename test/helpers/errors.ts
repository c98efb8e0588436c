import { AssertionError } from "chai";

/** What a promise is rejected with. */
export async function errorOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new AssertionError("the call should have failed, and did not");
}
