/** A tiny IndexedDB: named stores of values by key. */

const NAME = "secret-ai";
const STORES = ["receipts", "history"] as const;

/** Where a value lives: `receipts` always, `history` only if the user switched it on. */
export type StoreName = (typeof STORES)[number];

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's storage failed"));
  });
}

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => STORES.forEach((store) => request.result.createObjectStore(store));
  return done(request);
}

async function store(name: StoreName, mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const database = await (opened ??= open());
  return database.transaction(name, mode).objectStore(name);
}

/** All values of a store. */
export async function all<T>(name: StoreName): Promise<T[]> {
  return done((await store(name, "readonly")).getAll()) as Promise<T[]>;
}

/** The value at a key. */
export async function get<T>(name: StoreName, key: string): Promise<T | undefined> {
  return done((await store(name, "readonly")).get(key)) as Promise<T | undefined>;
}

/** Stores a value at a key. */
export async function put(name: StoreName, key: string, value: unknown): Promise<void> {
  await done((await store(name, "readwrite")).put(value, key));
}

/** Empties a store. */
export async function clear(name: StoreName): Promise<void> {
  await done((await store(name, "readwrite")).clear());
}
