// Register, sign in, record a profile, check a label, refresh an expired token, sign out.
// After `make clients`: tools/contract/node_modules/.bin/tsc -p clients/typescript, then
// node tools/contract/build/example.js http://127.0.0.1:8000 [seconds to wait]
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

declare const process: { argv: string[] };
const [url, wait] = [process.argv[2]!, Number(process.argv[3] ?? 0)];
const client = createClient<paths>({ baseUrl: url });
const name = `amira${Date.now()}`;
const password = "Sesame-Street-9";

await client.POST("/api/v1/users", { body: { email: `${name}@example.com`, username: name, password } });
const signIn = await client.POST("/api/v1/auth/login", {
  body: { username: name, password },
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  bodySerializer: ({ username, password }) => new URLSearchParams({ username, password }),
});
let tokens: components["schemas"]["TokenResponse"] = signIn.data!;

// Calls an operation; where the access token has expired, exchanges the refresh token and calls again.
async function signed<T extends { response: Response }>(call: (headers: Record<string, string>) => Promise<T>): Promise<T> {
  const answer = await call({ Authorization: `Bearer ${tokens.access_token}` });
  if (answer.response.status !== 401) return answer;
  console.log("the access token has expired");
  const body = { refresh_token: tokens.refresh_token };
  tokens = (await client.POST("/api/v1/auth/refresh", { body })).data!;
  return signed(call);
}

await signed((headers) => client.POST("/api/v1/health/profiles", { headers, body: { allergies: [{ name: "milk" }] } }));
await new Promise((resolve) => setTimeout(resolve, wait * 1000));
const label = { text: "wheat flour, sugar, whey powder", lang: "en" };
const found = await signed((headers) => client.POST("/api/v1/screening/check", { headers, body: label }));
console.log(found.data!.verdict, found.data!.people[0]!.findings.map((finding) => finding.text));
console.log((await signed((headers) => client.POST("/api/v1/auth/logout", { headers }))).response.status);
