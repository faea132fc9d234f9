// The clients that people use, against a real API. clients_test.go starts this with
// COFFER_URL (of the API), COFFER_KEY, COFFER_ACCOUNT, COFFER_INPUT (a good
// WithdrawalInput as JSON), COFFER_TRANSFER (a book transfer that was received),
// COFFER_REVIEWED (a withdrawal in review), COFFER_TENANT, and COFFER_FACTORY and
// COFFER_VAULT (what deposit addresses are made of).
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Client, fetchExchange, gql, subscriptionExchange } from "@urql/core";
import { buildClientSchema, getIntrospectionQuery } from "graphql";
import { ClientError, GraphQLClient } from "graphql-request";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { checkDepositAddress, keccak256 } from "./deposit_address.mjs";
import { addressAt, checkDescriptorAddress } from "./deposit_descriptor.mjs";

const { COFFER_URL: url, COFFER_KEY: key, COFFER_ACCOUNT: account, COFFER_TRANSFER: transfer, COFFER_REVIEWED: reviewed } = process.env;
const input = JSON.parse(process.env.COFFER_INPUT);
const headers = { authorization: `Bearer ${key}` };
const deadlineMilliseconds = 20_000;

const events = `subscription ($after: String) {
  withdrawalEvents(after: $after) { cursor withdrawal { id state } }
}`;
const request = `mutation ($key: String!, $input: WithdrawalInput!) {
  requestWithdrawal(idempotencyKey: $key, input: $input) { id state amount }
}`;

const quote = `mutation ($input: WithdrawalInput!) {
  quoteWithdrawal(input: $input) { id amount fee total expires }
}`;
const requestQuoted = `mutation ($key: String!, $input: WithdrawalInput!, $quote: ID) {
  requestWithdrawal(idempotencyKey: $key, input: $input, quote: $quote) { id fee internal }
}`;

const api = new GraphQLClient(url, { headers });
const withdraw = async (key) => (await api.request(request, { key, input })).requestWithdrawal;

// within fails when a promise takes too long.
const within = (promise) =>
  Promise.race([
    promise,
    delay(deadlineMilliseconds, undefined, { ref: false }).then(() => Promise.reject(new Error("took too long"))),
  ]);

// eventOf goes on to the event of a withdrawal. Those of earlier ones may still be on their
// way into the stream when a test asks for its cursor.
async function eventOf(id, events) {
  for (;;) {
    const event = (await within(events.next())).value.data.withdrawalEvents;
    if (event.withdrawal.id === id) return event;
  }
}

// socket is a graphql-ws client, and how its connection was closed.
function socket(apiKey) {
  let closed;
  const closing = new Promise((resolve) => (closed = resolve));
  const client = createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${apiKey}` },
    retryAttempts: 0,
    on: { closed },
    onNonLazyError: () => {},
  });
  return { client, closing };
}

test("graphql-request: query, variables, mutation and its retry", async () => {
  const { account: got } = await api.request("query ($id: ID!) { account(id: $id) { id name balances { available asset { symbol } } } }", { id: account });
  assert.equal(got.id, account);
  assert.equal(got.balances[0].asset.symbol, "USDT");

  const first = await withdraw("from graphql-request");
  assert.equal(first.state, "REQUESTED");
  assert.deepEqual(await withdraw("from graphql-request"), first);
});

test("a deposit address is computed again from its proof", async () => {
  const known = { tenant: process.env.COFFER_TENANT, account, factory: process.env.COFFER_FACTORY, vault: process.env.COFFER_VAULT };
  const { account: got } = await api.request("query ($id: ID!) { account(id: $id) { addresses { address proof { kind factory salt initCodeHash vault } } } }", { id: account });
  const [given] = got.addresses;
  checkDepositAddress(given, known);

  // keccak256 of nothing, of "abc" and of more than one block (Keccak team's vectors).
  const text = (s) => new TextEncoder().encode(s);
  const hex = (bytes) => Buffer.from(bytes).toString("hex");
  assert.equal(hex(keccak256(text(""))), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  assert.equal(hex(keccak256(text("abc"))), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
  assert.equal(hex(keccak256(text("a".repeat(200)))), "96ea54061def936c4be90b518992fdc6f12f535068a256229aca54267b4d084d");

  const other = "0x" + "11".repeat(20);
  const word = "0x" + "22".repeat(32);
  const lies = {
    "another address": { ...given, address: other },
    "no proof": { ...given, proof: null },
    "another kind": { ...given, proof: { ...given.proof, kind: "descriptor" } },
    "another factory": { ...given, proof: { ...given.proof, factory: other } },
    "another vault": { ...given, proof: { ...given.proof, vault: other } },
    "another salt": { ...given, proof: { ...given.proof, salt: word } },
    "other code": { ...given, proof: { ...given.proof, initCodeHash: word } },
  };
  for (const [name, lie] of Object.entries(lies)) {
    assert.throws(() => checkDepositAddress(lie, known), /deposit address/, name);
  }
  assert.throws(() => checkDepositAddress(given, { ...known, account: "acc_other" }), /salt/);
});

// The addresses are those that utxo.Descriptor has.
test("a Bitcoin deposit address is computed again from the wallet's descriptor", async () => {
  const wallets = JSON.parse(readFileSync(new URL("descriptors.json", import.meta.url), "utf8"));
  for (const { network, descriptor, addresses } of wallets) {
    for (const [path, address] of Object.entries(addresses)) {
      assert.equal(addressAt(descriptor, network, ...path.split("/").map(Number)), address, `${network} ${path}`);
    }
    const known = { descriptor, network };
    const given = { address: addresses["0/1"], proof: { kind: "descriptor", descriptor, path: "0/1" } };
    checkDescriptorAddress(given, known);
    const other = wallets.find((w) => w.descriptor !== descriptor);
    const lies = {
      "no proof": { ...given, proof: null },
      "another kind": { ...given, proof: { ...given.proof, kind: "create2" } },
      "another wallet": { address: other.addresses["0/1"], proof: { ...given.proof, descriptor: other.descriptor } },
      "another address": { ...given, address: other.addresses["0/1"] },
      "another path": { ...given, proof: { ...given.proof, path: "0/2147483647" } },
      "the house's own address": { address: addresses["0/0"], proof: { ...given.proof, path: "0/0" } },
      "an address for change": { address: addresses["1/17"], proof: { ...given.proof, path: "1/17" } },
      "a path spelt otherwise": { ...given, proof: { ...given.proof, path: "0/01" } },
    };
    for (const [name, lie] of Object.entries(lies)) {
      assert.throws(() => checkDescriptorAddress(lie, known), /deposit address/, name);
    }
  }
});

test("graphql-request: errors have a code and a field", async () => {
  const bad = { ...input, amount: "0" };
  await assert.rejects(api.request(request, { key: "bad", input: bad }), (e) => {
    assert.ok(e instanceof ClientError);
    assert.deepEqual(e.response.errors[0].extensions, { code: "INVALID", field: "amount" });
    assert.deepEqual(e.response.errors[0].path, ["requestWithdrawal"]);
    return true;
  });
  await assert.rejects(new GraphQLClient(url, { headers: { authorization: "Bearer cof_no" } }).request("{ viewer { tenant } }"), (e) => {
    assert.equal(e.response.status, 401);
    assert.equal(e.response.errors[0].extensions.code, "UNAUTHENTICATED");
    return true;
  });
});

test("graphql-request: a quote is used once", async () => {
  const { quoteWithdrawal: offer } = await api.request(quote, { input });
  assert.deepEqual([offer.amount, offer.fee, offer.total], ["10", "1", "11"]);
  assert.ok(!Number.isNaN(Date.parse(offer.expires)));
  const { requestWithdrawal: made } = await api.request(requestQuoted, { key: "quoted", input, quote: offer.id });
  assert.equal(made.fee, offer.fee);
  assert.equal(made.internal, false);
  await assert.rejects(api.request(requestQuoted, { key: "quoted again", input, quote: offer.id }), (e) => {
    assert.deepEqual(e.response.errors[0].extensions, { code: "INVALID", field: "quote" });
    return true;
  });
});

test("graphql-request: the address book", async () => {
  const address = "0x00000000000000000000000000000000deadbeef";
  const { addDestination: added } = await api.request(
    "mutation ($input: DestinationInput!) { addDestination(input: $input) { id label usableAt } }",
    { input: { account, chain: input.asset.split("/")[0], address, label: "savings" } },
  );
  assert.equal(added.label, "savings");
  const list = `query ($id: ID!) { account(id: $id) { destinations { edges { node { id address } } } } }`;
  const find = async () => (await api.request(list, { id: account })).account.destinations.edges.find(({ node }) => node.id === added.id);
  assert.equal((await find()).node.address, address);
  assert.equal((await api.request("mutation ($id: ID!) { removeDestination(id: $id) }", { id: added.id })).removeDestination, added.id);
  assert.equal(await find(), undefined);
});

test("graphql-request: an operator's queue, findings and decision", async () => {
  const { withdrawalReviews: queue } = await api.request("{ withdrawalReviews { edges { node { id reason screenings { screener verdict } } } } }");
  const waiting = queue.edges.find(({ node }) => node.id === reviewed).node;
  assert.ok(waiting.screenings.some(({ verdict }) => verdict === "REVIEW"));
  const decide = `mutation ($key: String!, $id: ID!) {
    rejectWithdrawal(idempotencyKey: $key, id: $id, reason: "no answer") { state reviews { action } revocation { storedAt } }
  }`;
  const { rejectWithdrawal: done } = await api.request(decide, { key: "decision", id: reviewed });
  assert.deepEqual(done, { state: "REJECTED", reviews: [{ action: "REJECT" }], revocation: { storedAt: null } });
});

test("graphql-request: query by GET", async () => {
  const byGet = new GraphQLClient(url, { headers, method: "GET" });
  const { viewer } = await byGet.request("query Viewer { viewer { tenant } }");
  assert.equal(viewer.tenant, "acme");
});

test("graphql-js: the introspection of the reference implementation", async () => {
  const schema = buildClientSchema(await api.request(getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true })));
  assert.ok(schema.getSubscriptionType().getFields().depositEvents);
});

test("urql: query by GET and by POST, mutation, error, subscription", async () => {
  const { client: ws } = socket(key);
  for (const preferGetMethod of [true, false]) {
    const urql = new Client({
      url,
      preferGetMethod,
      fetchOptions: { headers },
      exchanges: [
        fetchExchange,
        subscriptionExchange({
          forwardSubscription: (operation) => ({ subscribe: (sink) => ({ unsubscribe: ws.subscribe(operation, sink) }) }),
        }),
      ],
    });
    const viewer = await urql.query(gql`query Viewer { viewer { tenant scopes } }`, {}).toPromise();
    assert.equal(viewer.error, undefined);
    assert.equal(viewer.data.viewer.tenant, "acme");

    const missing = await urql.query(gql`query Missing($id: ID!) { account(id: $id) { id } }`, { id: "nobody" }).toPromise();
    assert.equal(missing.data.account, null);
    assert.equal(missing.error.graphQLErrors[0].extensions.code, "NOT_FOUND");

    const { eventCursor } = await api.request("{ eventCursor }");
    const seen = [];
    let look = () => {};
    const { unsubscribe } = urql.subscription(gql(events), { after: eventCursor }).subscribe(({ data, error }) => {
      assert.equal(error, undefined);
      seen.push(data.withdrawalEvents.withdrawal.id); // of earlier ones too: see eventOf
      look();
    });
    const offer = await urql.mutation(gql(quote), { input }).toPromise();
    assert.equal(offer.error, undefined);
    assert.equal(offer.data.quoteWithdrawal.total, "11");
    const made = await urql.mutation(gql(request), { key: `from urql ${preferGetMethod}`, input }).toPromise();
    assert.equal(made.error, undefined);
    const arrived = new Promise((resolve) => {
      look = () => seen.includes(made.data.requestWithdrawal.id) && resolve();
      look();
    });
    await within(arrived);
    unsubscribe();
  }
  await ws.dispose();
});

test("graphql-ws: a subscription goes on after its cursor", async () => {
  const { eventCursor } = await api.request("{ eventCursor }");

  const first = socket(key);
  const watching = first.client.iterate({ query: events, variables: { after: eventCursor } });
  const before = await withdraw("before the cut");
  const seen = await eventOf(before.id, watching);
  first.client.terminate(); // as a network would
  await within(first.closing);

  const away = [await withdraw("while away 1"), await withdraw("while away 2")];
  const second = socket(key);
  const again = second.client.iterate({ query: events, variables: { after: seen.cursor } });
  const after = await withdraw("after");
  for (const { id } of [...away, after]) {
    assert.equal((await within(again.next())).value.data.withdrawalEvents.withdrawal.id, id);
  }
  await again.return();
  await second.client.dispose();
});

test("graphql-ws: book transfers that were received", async () => {
  const { client } = socket(key);
  const watching = client.iterate({ query: `subscription { bookTransferEvents(after: "") { cursor bookTransfer { id amount sender { id } } } }` });
  const { bookTransferEvents: event } = (await within(watching.next())).value.data;
  assert.equal(event.bookTransfer.id, transfer);
  assert.deepEqual([event.bookTransfer.amount, event.bookTransfer.sender.id], ["10", account]);
  await watching.return();
  await client.dispose();
});

test("graphql-ws: query and errors over the socket", async () => {
  const { client } = socket(key);
  const one = (query) => within(client.iterate({ query }).next());
  assert.equal((await one("{ viewer { tenant } }")).value.data.viewer.tenant, "acme");
  assert.equal((await one('{ deposit(id: "x") { id } }')).value.errors[0].extensions.code, "NOT_FOUND");
  await assert.rejects(one("{ nothing }"), (errors) => errors[0].extensions.code === "INVALID");
  await assert.rejects(one('subscription { depositEvents(after: "x") { id } }'), (errors) => errors[0].extensions.field === "after");
  await client.dispose();
});

test("graphql-ws: a bad key is refused with 4403", async () => {
  const { client, closing } = socket("cof_no");
  await assert.rejects(within(client.iterate({ query: "{ viewer { tenant } }" }).next()), (e) => e.code === 4403);
  assert.equal((await within(closing)).code, 4403);
});
