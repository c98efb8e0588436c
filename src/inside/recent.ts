/** The things of late: so many, and of those the ones that nobody has asked for longest are dropped. */
export type Recent<Key, Value> = {
  readonly get: (key: Key) => Value | undefined;
  readonly put: (key: Key, value: Value) => void;
  readonly drop: (key: Key) => void;
};

export function keepRecent<Key, Value extends object>(most: number): Recent<Key, Value> {
  const values = new Map<Key, Value>();
  const put = (key: Key, value: Value): void => {
    values.delete(key);
    values.set(key, value);
    for (const oldest of values.keys()) {
      if (values.size <= most) break;
      values.delete(oldest);
    }
  };
  return {
    get(key) {
      const value = values.get(key);
      if (value !== undefined) put(key, value);
      return value;
    },
    put,
    drop: (key) => void values.delete(key),
  };
}
