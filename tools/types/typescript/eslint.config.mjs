import { readdirSync } from "node:fs";

import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

// What is the same in each module is looked at in one of those that have it.
const seen = new Set();
const repeated = readdirSync("src", { recursive: true, withFileTypes: true })
  .filter(
    (entry) => entry.isFile() && !/^(index|registry|usage)\./.test(entry.name),
  )
  .filter(({ name }) => seen.size === seen.add(name).size)
  .map((entry) => `${entry.parentPath}/${entry.name}`);

export default tseslint.config(
  { ignores: ["dist", "*.mjs", ...repeated] },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
);
