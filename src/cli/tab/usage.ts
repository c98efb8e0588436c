const PLACE = `
  --config FILE        the config (default: assay.json, if it is here)
  --rpc URL            the chain's node (default: the config's, or http://127.0.0.1:8545)
  --escrow ADDRESS     the escrow (default: the one that is recorded in deployments/<chainId>.json, or as the config says)`;

const TRANSACT = `
  --keystore FILE      your key, if not the config's; or ASSAY_AGENT_PRIVATE_KEY, ASSAY_PROVIDER_PRIVATE_KEY
  --yes                do not ask before sending on a chain that is not local
  --time-limit S       wait no longer than so many seconds for a block (default: 600)
  --json               print only JSON
  --help               print this`;

export const FUND_USAGE = `Usage: assay fund --provider ADDRESS --amount DOLLARS [--gasless FILE [--valid-for SECONDS]]
       assay fund --submit FILE [--as agent|provider|prover]

Puts an agent's money on its tab with a provider. The agent signs for it once, without an approval beforehand.

  --provider ADDRESS   whose answers the tab will pay
  --amount DOLLARS     how much, such as 20 or 0.05
  --gasless FILE       send nothing, and write what was signed to a file, for somebody else to submit
  --valid-for SECONDS  how long that can be submitted (default: 3600)
  --submit FILE        submit such a file: the money can go nowhere but to that tab
  --as ROLE            with whose key (default: agent)
${PLACE}${TRANSACT}`;

export const TAB_USAGE = `Usage: assay tab [--provider ADDRESS] [--payer ADDRESS] [--as agent|provider]
       assay tab exit --provider ADDRESS | --payer ADDRESS
       assay tab withdraw [--amount DOLLARS] [--to ADDRESS] [--as agent|provider|prover]
       assay tab stake --payer ADDRESS --amount DOLLARS

Shows what is on tabs, and moves it. Name the other party: --provider if you are its agent, --payer if you are the
provider.

  (nothing)            shows one tab, of the two that are named or of the one and you; or all tabs of yours
  exit                 takes your part out of a tab: starts the clock, and once it has run puts the money on your balance
  withdraw             pays your balance out, all of it unless --amount says less
  stake                adds to the provider's stake in a tab

  --to ADDRESS         where it is paid (default: to you)
  --as ROLE            with whose key (default: agent)
${PLACE}${TRANSACT}`;
