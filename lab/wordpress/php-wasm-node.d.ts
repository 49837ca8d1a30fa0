// The package publishes no declarations of its own; this is the one function that we call.
declare module '@php-wasm/node-8-3' {
  import type { PHPLoaderModule } from '@php-wasm/universal'
  export function getPHPLoaderModule(): Promise<PHPLoaderModule>
}
