// tronweb as a wallet that lives on a node: it asks the node at `url` for everything, as its
// users' programs do. It reads {url, key, second, to, abi, code} on standard input and writes
// what it saw.
import { readFileSync } from 'node:fs';
import { TronWeb } from 'tronweb';

const t = JSON.parse(readFileSync(0, 'utf8'));
const tronWeb = new TronWeb({ fullHost: t.url, privateKey: t.key });
const owner = tronWeb.defaultAddress.base58;
const seen = {};

// mined waits until a transaction is in a block and gives what became of it.
async function mined(id) {
  if (!id) throw new Error(`no transaction to wait for after ${Object.keys(seen)}`);
  for (;;) {
    const info = await tronWeb.trx.getUnconfirmedTransactionInfo(id);
    if (info.id) return info;
    await new Promise((done) => setTimeout(done, 20));
  }
}

seen.balance = await tronWeb.trx.getUnconfirmedBalance(owner);
const payment = await tronWeb.trx.sendTransaction(t.to, 5_000_000);
seen.payment = { result: payment.result, id: payment.txid, info: await mined(payment.txid) };
seen.paid = await tronWeb.trx.getUnconfirmedBalance(t.to);
const again = await tronWeb.trx.sendRawTransaction(payment.transaction);
seen.again = { result: again.result ?? false, code: again.code };

const made = await tronWeb.transactionBuilder.createSmartContract(
  { abi: t.abi, bytecode: t.code, name: 'USDT', feeLimit: 5_000_000_000, parameters: [owner, 1_000_000_000, 'Tether USD', 'USDT', 6] },
  owner,
);
const deployed = await tronWeb.trx.sendRawTransaction(await tronWeb.trx.sign(made));
const deployInfo = await mined(deployed.txid);
seen.deploy = deployInfo.receipt.result;
const address = tronWeb.address.fromHex(deployInfo.contract_address);
seen.token = address;
const token = await tronWeb.contract(t.abi, address);
const transfer = await token.transfer(t.to, 25).send({ feeLimit: 100_000_000 });
const transferInfo = await mined(transfer);
seen.transfer = { receipt: transferInfo.receipt, logs: transferInfo.log };
seen.held = (await token.balanceOf(t.to).call()).toString();
const estimate = await tronWeb.transactionBuilder.estimateEnergy(address, 'transfer(address,uint256)', {}, [
  { type: 'address', value: t.to },
  { type: 'uint256', value: 1 },
], owner);
seen.estimate = estimate.energy_required;
seen.stored = (await tronWeb.trx.getContract(address)).name;

const stake = await tronWeb.transactionBuilder.freezeBalanceV2(1_000_000_000, 'ENERGY', owner);
await mined((await tronWeb.trx.sendRawTransaction(await tronWeb.trx.sign(stake))).txid);
seen.resources = await tronWeb.trx.getAccountResources(owner);
const delegate = await tronWeb.transactionBuilder.delegateResource(100_000_000, t.to, 'ENERGY', owner);
await mined((await tronWeb.trx.sendRawTransaction(await tronWeb.trx.sign(delegate))).txid);
seen.delegated = await tronWeb.trx.getDelegatedResourceV2(owner, t.to, { confirmed: false });

const keys = [owner, tronWeb.address.fromPrivateKey(t.second)].map((address) => ({ address, weight: 1 }));
const update = await tronWeb.transactionBuilder.updateAccountPermissions(
  owner,
  { type: 0, permission_name: 'owner', threshold: 2, keys },
  undefined,
  [{ type: 2, permission_name: 'active', threshold: 2, operations: '7fff1fc0033e0000000000000000000000000000000000000000000000000000', keys }],
);
await mined((await tronWeb.trx.sendRawTransaction(await tronWeb.trx.sign(update))).txid);
const shared = await tronWeb.transactionBuilder.sendTrx(t.to, 1_000_000, owner, { permissionId: 2 });
const once = await tronWeb.trx.multiSign(shared, t.key, 2);
seen.weightOfOne = (await tronWeb.trx.getSignWeight(once, 2)).current_weight ?? 0;
const refused = await tronWeb.trx.sendRawTransaction(once);
seen.half = refused.code;
const twice = await tronWeb.trx.multiSign(once, t.second, 2);
const sent = await tronWeb.trx.sendRawTransaction(twice);
seen.both = await mined(sent.txid);

seen.parameters = Object.fromEntries((await tronWeb.trx.getChainParameters()).map((p) => [p.key, p.value]));
seen.nobody = await tronWeb.trx.getUnconfirmedAccount('TJRabPrwbZy45sbavfcjinPJC18kjpRTv8');
const head = await tronWeb.trx.getCurrentBlock();
const same = await tronWeb.trx.getBlockByNumber(head.block_header.raw_data.number);
seen.block = head.blockID === same.blockID;
process.stdout.write(JSON.stringify(seen));
