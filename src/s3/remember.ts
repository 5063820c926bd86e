/** Sets a value; above `most` the oldest is removed. */
export function remember<Value>(known: Map<string, Value>, most: number, key: string, value: Value): void {
  if (known.size >= most) known.delete(known.keys().next().value as string)
  known.set(key, value)
}
