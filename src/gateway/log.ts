/** One line of JSON for each thing that happens, on the error stream. Inputs, salts and keys never get here. */
export type Log = (
  level: "info" | "warning" | "error",
  event: string,
  details?: Readonly<Record<string, unknown>>,
) => void;

export function logTo(write: (line: string) => void): Log {
  return (level, event, details = {}) => {
    const line = { time: new Date().toISOString(), level, event, ...details };
    write(JSON.stringify(line, (_key, value: unknown) => (typeof value === "bigint" ? value.toString() : value)));
  };
}

/** What may be said of an error: its name and message, which its author wrote for people; never its cause. */
export function errorDetails(error: unknown): { readonly error: string; readonly message: string } {
  const { name, message } = error instanceof Error ? error : new TypeError(String(error));
  return { error: name, message: message.split("\n", 1)[0] ?? "" };
}
