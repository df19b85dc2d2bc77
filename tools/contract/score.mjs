// Usage: node score.mjs: read Redocly's score of a document from standard input, and end with 1 where it is below the bar.
import { readFileSync } from "node:fs";

const BAR = 85; // of 100: documents of comparable services reach 40 to 75

const { agentReadiness } = JSON.parse(readFileSync(0, "utf8"));
console.log(`score ${agentReadiness} of 100, ${BAR} are required`);
process.exit(agentReadiness >= BAR ? 0 : 1);
