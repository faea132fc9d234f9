// tronweb as another wallet, without a node. It reads on standard input a list of transactions
// {kind, owner, to, token, amount, resource, permission, feeLimit, header, update, keys, ours},
// ours = {raw, signatures}, and writes of each {raw, id, signatures, signers, same}: the bytes
// that it builds, their id, the signatures of the keys, who it says made our signatures, and
// whether its own check of a transaction takes our bytes.
import { readFileSync } from 'node:fs';
import { TronWeb, utils } from 'tronweb';

// Nothing may ask a node: there is none at this address, and a request fails the test.
const tronWeb = new TronWeb({ fullHost: 'http://127.0.0.1:1' });
const builder = tronWeb.transactionBuilder;

const build = {
  token: (t, o) =>
    builder
      ._triggerSmartContractLocal(
        t.token,
        'transfer(address,uint256)',
        { ...o, feeLimit: t.feeLimit, txLocal: true },
        [
          { type: 'address', value: t.to },
          { type: 'uint256', value: t.amount },
        ],
        t.owner,
      )
      .then((answer) => answer.transaction),
  trx: (t, o) => builder.sendTrx(t.to, Number(t.amount), t.owner, o),
  delegate: (t, o) => builder.delegateResource(Number(t.amount), t.to, t.resource, t.owner, false, undefined, o),
  undelegate: (t, o) => builder.undelegateResource(Number(t.amount), t.to, t.resource, t.owner, o),
  freeze: (t, o) => builder.freezeBalanceV2(Number(t.amount), t.resource, t.owner, o),
  unfreeze: (t, o) => builder.unfreezeBalanceV2(Number(t.amount), t.resource, t.owner, o),
  withdraw: (t, o) => builder.withdrawExpireUnfreeze(t.owner, o),
  cancel: (t, o) => builder.cancelUnfreezeBalanceV2(t.owner, o),
  permissions: (t, o) => builder.updateAccountPermissions(t.owner, t.update.owner, undefined, t.update.actives, o),
};

const sign = (id, key) => utils.crypto.ECKeySign(utils.code.hexStr2byteArray(id), utils.code.hexStr2byteArray(key)).toLowerCase();

const answers = [];
for (const t of JSON.parse(readFileSync(0, 'utf8'))) {
  const tx = await build[t.kind](t, { blockHeader: t.header, permissionId: t.permission || undefined });
  answers.push({
    raw: tx.raw_data_hex,
    id: tx.txID,
    signatures: t.keys.map((key) => sign(tx.txID, key)),
    signers: t.ours.signatures.map((signature) => TronWeb.address.fromHex(utils.crypto.ecRecover(tx.txID, signature))),
    same: utils.transaction.txCheck({ ...tx, raw_data_hex: t.ours.raw }),
  });
}
process.stdout.write(JSON.stringify(answers));
