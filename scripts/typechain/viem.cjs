// A TypeChain target for viem, which types calls and events from an ABI that is declared `as const`.
const path = require("node:path");
const { TypeChainTarget, extractAbi, getFilename } = require("typechain");

/**
 * `IERC20Metadata` is `erc20-metadata`, `Groth16Verifier` is `groth16-verifier`: the I is a habit of Solidity's.
 *
 * @param {string} contractName
 */
function toKebabCase(contractName) {
  return contractName
    .replace(/^I(?=[A-Z])/, "")
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, "-")
    .toLowerCase();
}

class Viem extends TypeChainTarget {
  name = "Viem";

  /** @param {import("typechain").FileDescription} artifact */
  transformFile(artifact) {
    const name = toKebabCase(getFilename(artifact.path));
    const constant = name.replaceAll(/-(\w)/g, (_, /** @type {string} */ letter) => letter.toUpperCase());
    return {
      path: path.resolve(this.cfg.cwd, this.cfg.outDir ?? ".", `${name}.ts`),
      contents: `export const ${constant}Abi = ${JSON.stringify(extractAbi(artifact.contents))} as const;\n`,
    };
  }
}

exports.default = Viem;
