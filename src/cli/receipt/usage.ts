export const RECEIPT_USAGE = `Usage: assay receipt show FILE
       assay receipt verify FILE [--model BUILT] [--gateway URL [--keep]]
       assay receipt watch FOLDER [--once] [--interval SECONDS] [--worth DOLLARS]

What "assay ask --out FILE" keeps, and what it is good for.

  show       what is in the file, without asking anybody
  verify     signatures, input, answer, commitment, settlement and proof, each checked here against a chain's node;
             ends with 1 if anything is wrong, and says what could not be checked
  watch      takes what providers owe: after its deadline, an answer that nobody proved is slashed or its lock
             reclaimed, with your key and at your cost of gas; files of answers that are settled, or paid for otherwise,
             are moved to FOLDER/done

  --model BUILT        the built model, which then answers once more
  --gateway URL        whom to ask for the receipt's place among the provider's commitments
  --keep               keep that place in the file
  --once               look once, instead of until it is told to end (Ctrl-C)
  --interval SECONDS   how often to look (default: 60)
  --worth DOLLARS      a penalty below is not worth its gas (default: 0.01)
  --as ROLE            with whose key: agent, provider or prover (default: agent)
  --keystore FILE      that key, if not the config's; or ASSAY_AGENT_PRIVATE_KEY and so on
  --config FILE        the config (default: assay.json, if it is here)
  --rpc URL            the chain's node (default: the config's, or http://127.0.0.1:8545)
  --escrow ADDRESS     of watch: the escrow whose receipts are watched (default: the one that is recorded)
  --json               print only JSON
  --help               print this`;
