/**
 * Writes the digits that models are calibrated with, and those that they are measured with. Run it with
 * `node models/data/write-digits.ts`.
 */
import { writeFileSync } from "node:fs";

import { writeNpz } from "../training/npz-file.ts";
import { inkOf, PIXELS, readDigits, type Digit } from "./digits.ts";

/** Of the digits for training, one in so many: about five hundred, of all classes. */
const CALIBRATION = 16;

const { training, heldOut } = readDigits();
const calibration = training.filter((_, index) => index % CALIBRATION === 0);

function write(name: string, digits: readonly Digit[]): void {
  const x = Uint8Array.from(digits.flatMap(({ pixels }) => Array.from(inkOf(pixels))));
  const y = Uint8Array.from(digits, ({ label }) => label);
  const arrays = { x: { shape: [digits.length, PIXELS], data: x }, y: { shape: [digits.length], data: y } };
  writeFileSync(new URL(name, import.meta.url), writeNpz(arrays));
}

write("digits-calibration.npz", calibration);
write("digits-held-out.npz", heldOut);
