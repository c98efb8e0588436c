import type { HardhatPlugin } from "hardhat/types/plugins";
import type { CompilerOutputError } from "hardhat/types/solidity";

/** solc says where, though Hardhat's type of its output does not. */
type Finding = CompilerOutputError & { readonly sourceLocation?: { readonly file: string } };

/** "Contract code size exceeds" the limit of EIP-170, or initcode that of EIP-3860: tests are never deployed. */
const SIZE_CODES: ReadonlySet<string | undefined> = new Set(["5574", "3860"]);

/**
 * Makes every compiler warning about this project's own sources an error, so that nothing is built from them. Warnings
 * about a dependency's sources are dropped: nobody here can mend them, and they would teach people to look away.
 */
export const strictWarnings: HardhatPlugin = {
  id: "assay:strict-warnings",
  hookHandlers: {
    solidity: async () => ({
      default: async () => ({
        // The one hook that runs before the outcome is decided and cached; later ones only change what is printed.
        invokeSolc: async (context, compiler, input, config, next) => {
          const output = await next(context, compiler, input, config);
          // Coverage instruments the sources: what the compiler then says is no longer about ours.
          if (context.globalOptions.coverage || output.errors === undefined) return output;
          return { ...output, errors: output.errors.filter(isOurs).map(hardened) };
        },
      }),
    }),
  },
};

function isOurs(found: Finding): boolean {
  return found.severity !== "warning" || !sourceOf(found).startsWith("npm/");
}

function sourceOf(found: Finding): string {
  return found.sourceLocation?.file ?? "";
}

function hardened(found: Finding): CompilerOutputError {
  const isOversizedTest = sourceOf(found).startsWith("project/test/") && SIZE_CODES.has(found.errorCode);
  if (found.severity !== "warning" || isOversizedTest) return found;
  const formattedMessage = found.formattedMessage?.replace(/^Warning: (.*)/, "Error: $1 (warnings count as errors)");
  // Hardhat looks at both: a "Warning" is never fatal to it.
  return { ...found, type: "Error", severity: "error", ...(formattedMessage !== undefined && { formattedMessage }) };
}
