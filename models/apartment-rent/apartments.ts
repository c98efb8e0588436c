/** Invents apartments and their rents. The city that they stand in does not exist. */
import type { Random } from "../training/random.ts";

/** In the order of the fields of `model.json`, but not on their steps yet; the rent in EUR per square metre and month. */
export type Apartment = { readonly inputs: readonly number[]; readonly rent: number };

export function inventApartment(random: Random): Apartment {
  const area = 20 + 30 * random.unit() + 12 * Math.max(0, 3 + 2 * random.normal());
  const rooms = Math.max(1, area / 27 + 0.5 * random.normal());
  // More of them stand near the centre than far out.
  const spread = random.unit();
  const distance = 20 * spread * Math.sqrt(spread);
  const isHigh = random.unit() < 0.3;
  const floor = random.below(isHigh ? 16 : 5);
  const age = distance < 4 && random.unit() < 0.5 ? 90 + 15 * random.normal() : 60 * random.unit();
  const station = 150 + 90 * distance * random.unit() + 500 * random.unit();
  const energy = Math.max(25, 55 + 1.6 * Math.min(age, 80) + 30 * random.normal());
  const hasLift = random.unit() < (floor > 4 || age < 20 ? 0.8 : 0.15);
  const hasBalcony = random.unit() < 0.6;

  // Old houses near the centre are sought after, those from the years between are not; stairs cost rent from the third
  // floor on; small apartments are dear.
  const isOldTown = age > 75 && distance < 5;
  const rent =
    7.5 +
    9 / (1 + (distance * distance) / 36) +
    4 * Math.exp(-(area - 15) / 25) +
    (isOldTown ? 1.5 : -0.03 * Math.min(age, 60)) -
    0.0012 * Math.min(station, 1000) -
    0.008 * (energy - 100) +
    (hasLift ? 0.12 * Math.min(floor, 10) : -0.35 * Math.max(0, floor - 2)) +
    (hasBalcony ? 0.8 : 0) +
    0.5 * random.normal();
  const inputs = [area, rooms, floor, age, distance, station, energy, hasLift ? 1 : 0, hasBalcony ? 1 : 0];
  return { inputs, rent: Math.max(3, rent) };
}
