export const ASK_USAGE = `Usage: assay ask MODEL --input FILE | --field "NAME=VALUE" ... [--gateway URL] [--out FILE] [--wait | --watch]

Buys one answer: signs a request that your tab pays, and checks all that comes back. MODEL is an id of the provider's
price list, or on a local chain a name.

  --input FILE         the input as JSON, an object of fields or a list of all; - for the standard input
  --field NAME=VALUE   one field of it; a list is written [1,2]
  --gateway URL        the provider's gateway (default: the config's agent.gateway)
  --provider ADDRESS   who has to answer there
  --verifier ADDRESS   the verifier that may prove the answer (default: the one that is recorded with the escrow)
  --timeout SECONDS    how long the provider has to prove it (default: as its price list says)
  --price DOLLARS      pay no more than this; the config's limit stands if it is lower
  --top-up DOLLARS     move no more than this onto the tab if it runs low; 0 for nothing
  --out FILE           keep the receipt in a file that is not there yet: "assay receipt" takes it. Your input is in it
  --wait               wait until the answer is settled; ends with 1 if it is not
  --watch              the same, and if nobody proves it in time take what the provider owes for that
  --keystore FILE      your key, if not the config's; or ASSAY_AGENT_PRIVATE_KEY
  --config FILE        the config (default: assay.json, if it is here)
  --rpc URL            the chain's node (default: the config's, or http://127.0.0.1:8545)
  --escrow ADDRESS     the escrow (default: the one that is recorded in deployments/<chainId>.json, or as the config says)
  --json               print only JSON
  --help               print this`;
