// Run before each test file, also where its worker has run others before: a module that they share is loaded only once.
import { afterAll } from "vitest";

import { removeMadeDirectories } from "./stack/support/made-directories.ts";

afterAll(removeMadeDirectories);
