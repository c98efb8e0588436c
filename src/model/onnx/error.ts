/** What every refusal of a model's file has in common, so that a caller can tell them from its own mistakes. */
export abstract class OnnxError extends Error {}
