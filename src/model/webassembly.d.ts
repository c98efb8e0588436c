/** What this project uses of WebAssembly, whose types come with a browser's that it does not want. */
declare namespace WebAssembly {
  type Module = { readonly module: unique symbol };
  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(
    module: Module,
    imports: Record<string, Record<string, (...values: number[]) => void>>,
  ): Promise<{ readonly exports: Record<string, unknown> }>;
}
