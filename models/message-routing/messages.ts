/** Invents messages to an internet provider, from sentences and words of its own. Nobody ever sent them. */
import type { Random } from "../training/random.ts";

export const DEPARTMENTS = ["billing", "technical", "sales", "other"] as const;

export type Message = { readonly text: string; readonly department: (typeof DEPARTMENTS)[number] };

type Texts = readonly [string, ...string[]];

/** Words in braces stand for one of a list. */
const WORDS: Readonly<Record<string, Texts>> = {
  month: ["january", "february", "march", "april", "may", "june", "july", "august", "october", "november", "december"],
  sum: ["12 euros", "29 euros", "35 euros", "49.90", "60 euros", "ninety euros", "far more than agreed"],
  paper: ["invoice", "bill", "statement", "receipt", "credit note"],
  way: ["card", "direct debit", "bank transfer", "paypal", "cheque"],
  device: ["router", "modem", "phone", "laptop", "television box", "printer", "tablet"],
  fault: ["crashes", "freezes", "reboots", "disconnects", "shows an error", "stays offline", "blinks red", "is slow"],
  time: ["since yesterday", "every evening", "all morning", "after the update", "for three days", "again and again"],
  service: ["internet", "wifi", "email", "connection", "app", "streaming", "vpn", "landline"],
  plan: [
    "fibre plan",
    "business plan",
    "family plan",
    "mobile plan",
    "gigabit plan",
    "student plan",
    "premium package",
  ],
  wish: [
    "upgrade",
    "switch",
    "subscribe",
    "sign up",
    "extend my contract",
    "add a second line",
    "move to another plan",
  ],
  place: ["our office", "my new flat", "a shop", "twelve employees", "our school", "a holiday house"],
};

const CORES: Readonly<Record<Message["department"], Texts>> = {
  billing: [
    "I was charged twice in {month}.",
    "My {paper} for {month} says {sum}, which is wrong.",
    "Please refund the {sum} that you took by {way}.",
    "I never got a {paper} for {month}.",
    "I want to pay by {way} from {month} on.",
    "The payment by {way} was declined, although my account has money.",
    "Why is there a late fee of {sum} on my {paper}?",
    "Please correct the tax and the address on the {paper}.",
    "You still debit me, and I cancelled in {month}.",
    "May I pay the amount due in instalments?",
    "The discount is missing on this {paper}.",
  ],
  technical: [
    "My {device} {fault} {time}.",
    "The {service} does not work on my {device}.",
    "The {service} {fault} {time}.",
    "I cannot log in, my password is not accepted.",
    "After the update my {device} {fault}.",
    "How do I reset the {device} to its settings?",
    "The signal of the {service} drops {time}.",
    "I get error 503 when I open the {service}.",
    "Speed is down to two megabits {time}.",
    "Nothing happens when I plug in the {device} and its cable.",
    "Which port must be open for {service}?",
  ],
  sales: [
    "I would like to {wish}.",
    "What does the {plan} cost for {place}?",
    "Do you offer the {plan} in my street?",
    "Could you send me a quote for {place}?",
    "Is there a discount when I {wish} in {month}?",
    "We are interested in the {plan}, who can advise us?",
    "Which {plan} do you recommend for {place}?",
    "Is a new {device} part of the {plan}?",
    "I saw your offer of the {plan} and want to {wish}.",
    "We compare providers and need prices for {place}.",
    "Can I try the {plan} before I order?",
  ],
  other: [
    "Do you have a vacancy or an internship in {month}?",
    "I want to praise the friendly colleague at the counter.",
    "When is your shop open on sundays?",
    "I am a journalist and have a question about your company.",
    "Please delete my personal data and stop the newsletter.",
    "I lost my umbrella in your branch in {month}.",
    "Your van blocks our driveway {time}.",
    "Would you sponsor our football club in {month}?",
    "Who is responsible for complaints about staff?",
    "Our students would like to visit your data centre.",
    "The letter was for my neighbour, who has moved away.",
  ],
};

const GREETINGS: Texts = [
  "Hello,",
  "Hi,",
  "Dear team,",
  "Good morning,",
  "Good evening,",
  "To whom it may concern,",
  "",
];
/** What people add, whatever it is that they want. */
const ASIDES: Texts = [
  "I have been a customer for years.",
  "I already called in {month} and nobody helped.",
  "My {device} is from {month}.",
  "I use the {service} at work.",
  "I have the {plan}.",
  "My {paper} is attached.",
  "I pay by {way}.",
  "This is urgent.",
  "I am on holiday until {month}.",
  "It was fine in {month}.",
];
const CLOSINGS: Texts = [
  "Thanks.",
  "Thank you for your help!",
  "Best regards",
  "Please call me back.",
  "Kind regards",
  "",
];

export function inventMessage(random: Random): Message {
  const department = random.pick(DEPARTMENTS);
  const asides = Array.from({ length: random.below(3) }, () => random.pick(ASIDES));
  const sentences = [random.pick(GREETINGS), random.pick(CORES[department]), ...asides, random.pick(CLOSINGS)];
  const filled = sentences.map((sentence) =>
    sentence.replaceAll(/\{(\w+)\}/g, (_, list: string) => random.pick(WORDS[list] as Texts)),
  );
  return { text: filled.filter((sentence) => sentence !== "").join(" "), department };
}
