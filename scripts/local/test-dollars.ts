/** Dollars of a local chain, which are free there. */
import { createWalletClient, http, parseAbi, publicActions, type Address, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const ABI = parseAbi(["function mint(address to, uint256 amount)"]);

/** Gives a hundred dollars of the test token to whoever has the key. */
export async function takeTestDollars(rpc: string, token: Address, privateKey: Hex): Promise<void> {
  const account = privateKeyToAccount(privateKey);
  const wallet = createWalletClient({ account, transport: http(rpc), pollingInterval: 100 }).extend(publicActions);
  const call = { address: token, abi: ABI, functionName: "mint", args: [account.address, 100_000_000n] } as const;
  const hash = await wallet.writeContract({ ...call, chain: null });
  await wallet.waitForTransactionReceipt({ hash });
}
