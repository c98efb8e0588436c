/** The models that a prover proves. */
import type { Hex } from "viem";

import { openModel, type OpenModel } from "../model/bundle/open.ts";

/** A built model, with where its files are. */
export type ProvableModel = { readonly folder: string; readonly model: OpenModel };

/** By the models' ids. */
export type ProvableModels = ReadonlyMap<Hex, ProvableModel>;

/** Opens built models. */
export async function openModels(folders: readonly string[]): Promise<ProvableModels> {
  const opened = await Promise.all(folders.map(async (folder) => ({ folder, model: await openModel(folder) })));
  return new Map(opened.map((each) => [each.model.id, each]));
}

/** Where each model's files are, for a pool. */
export function foldersOf(models: ProvableModels): ReadonlyMap<Hex, string> {
  return new Map([...models].map(([id, { folder }]) => [id, folder]));
}
