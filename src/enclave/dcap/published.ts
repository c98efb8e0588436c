/** What Intel publishes of platforms and quoting enclaves, in JSON that one of its keys signed. */
import { z } from "zod";

/** Of parts of a platform; the platform itself has more. */
const partStatusSchema = z.enum(["UpToDate", "OutOfDate", "Revoked"]);

export type PartStatus = z.output<typeof partStatusSchema>;

const dateSchema = z.iso.datetime({ precision: 0 });
const advisoriesSchema = z.array(z.string().max(100)).optional();
const uint16Schema = z.int().min(0).max(65_535);

/** Where a quote is judged by these, a field of another length would compare as if it were not there. */
function hexSchema(bytes: number) {
  return z.string().regex(new RegExp(`^[0-9A-Fa-f]{${2 * bytes}}$`), `must be ${bytes} bytes in hex`);
}

const partLevelsSchema = z
  .array(
    z.strictObject({
      tcb: z.strictObject({ isvsvn: uint16Schema }),
      tcbDate: dateSchema,
      tcbStatus: partStatusSchema,
      advisoryIDs: advisoriesSchema,
    }),
  )
  .min(1);

export type PartLevels = z.output<typeof partLevelsSchema>;

const componentsSchema = z
  .array(
    z.strictObject({
      svn: z.int().min(0).max(255),
      category: z.string().optional(),
      type: z.string().optional(),
    }),
  )
  .length(16);

const tcbSchema = z.strictObject({ sgxtcbcomponents: componentsSchema, pcesvn: uint16Schema });

function levelsSchema<Tcb extends z.ZodType>(tcb: Tcb) {
  return z
    .array(
      z.strictObject({
        tcb,
        tcbDate: dateSchema,
        tcbStatus: z.enum([
          "UpToDate",
          "SWHardeningNeeded",
          "ConfigurationNeeded",
          "ConfigurationAndSWHardeningNeeded",
          "OutOfDate",
          "OutOfDateConfigurationNeeded",
          "Revoked",
        ]),
        advisoryIDs: advisoriesSchema,
      }),
    )
    .min(1);
}

const published = { issueDate: dateSchema, nextUpdate: dateSchema, tcbEvaluationDataNumber: z.int().nonnegative() };

const platform = {
  ...published,
  version: z.literal(3),
  fmspc: hexSchema(6),
  pceId: hexSchema(2),
  tcbType: z.literal(0),
};

const moduleSchema = z.strictObject({
  mrsigner: hexSchema(48),
  attributes: hexSchema(8),
  attributesMask: hexSchema(8),
});

const moduleIdentitySchema = moduleSchema.extend({
  id: z.string().regex(/^TDX_[0-9A-F]{2}$/),
  tcbLevels: partLevelsSchema,
});

const tcbInfoSchema = z.discriminatedUnion("id", [
  z.strictObject({ id: z.literal("SGX"), ...platform, tcbLevels: levelsSchema(tcbSchema) }),
  z.strictObject({
    id: z.literal("TDX"),
    ...platform,
    tdxModule: moduleSchema,
    tdxModuleIdentities: z.array(moduleIdentitySchema).optional(),
    tcbLevels: levelsSchema(tcbSchema.extend({ tdxtcbcomponents: componentsSchema })),
  }),
]);

/** Of a kind of platform: what is up to date, and how far from it the others are. */
export type TcbInfo = z.output<typeof tcbInfoSchema>;

export type TdxTcbInfo = Extract<TcbInfo, { id: "TDX" }>;

const quotingIdentitySchema = z.strictObject({
  ...published,
  id: z.enum(["QE", "TD_QE"]),
  version: z.literal(2),
  miscselect: hexSchema(4),
  miscselectMask: hexSchema(4),
  attributes: hexSchema(16),
  attributesMask: hexSchema(16),
  mrsigner: hexSchema(32),
  isvprodid: uint16Schema,
  tcbLevels: partLevelsSchema,
});

/** Of the enclaves that make quotes. */
export type QuotingIdentity = z.output<typeof quotingIdentitySchema>;

/** Ten times what Intel publishes of one kind of platform. */
const MOST_CHARACTERS = 131_072;

/** @param now Seconds of Unix time. */
export function readTcbInfo(text: string, now: number): TcbInfo {
  return read("TCB info", tcbInfoSchema, text, now);
}

/** @param now Seconds of Unix time. */
export function readQuotingIdentity(text: string, now: number): QuotingIdentity {
  return read("identity of the quoting enclave", quotingIdentitySchema, text, now);
}

function read<Schema extends z.ZodType<{ readonly issueDate: string; readonly nextUpdate: string }>>(
  name: string,
  schema: Schema,
  text: string,
  now: number,
): z.output<Schema> {
  if (text.length > MOST_CHARACTERS) throw new MalformedCollateralError(name, `above ${MOST_CHARACTERS} characters`);
  const json = parseJson(name, text);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new MalformedCollateralError(name, `${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim());
  }
  // Of a key that stands twice, each reader may take another.
  if (JSON.stringify(json) !== text) throw new MalformedCollateralError(name, "it is not written in its shortest form");
  const { issueDate, nextUpdate } = parsed.data;
  const isCurrent = Date.parse(issueDate) <= now * 1_000 && now * 1_000 <= Date.parse(nextUpdate);
  if (!isCurrent) throw new StaleCollateralError(name, issueDate, nextUpdate);
  return parsed.data;
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MalformedCollateralError(name, "it is not JSON", { cause });
  }
}

/** A part of a quote's collateral is not what Intel publishes. */
export class MalformedCollateralError extends Error {
  override readonly name = "MalformedCollateralError";

  constructor(name: string, complaint: string, options?: ErrorOptions) {
    super(`The ${name} is malformed: ${complaint}. Give it as Intel's provisioning service does.`, options);
  }
}

/** A part of a quote's collateral is of another time. */
export class StaleCollateralError extends Error {
  override readonly name = "StaleCollateralError";

  constructor(name: string, issueDate: string, nextUpdate: string) {
    super(`The ${name} holds from ${issueDate} to ${nextUpdate} alone. Fetch the current one.`);
  }
}
