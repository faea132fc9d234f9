-- +goose Up

-- Of payouts that went to the signers before answers were noted (0024) nobody knows whether
-- a signer signed: they count as answered. One whose signers all refused since counts so
-- too; its lane is left behind where its slot could have been used again, which harms
-- nothing. A payout that nobody was asked to sign stays as it is.
update payout set answered = true, version = version + 1
where state not in ('planned', 'built', 'cancelled') and not answered;
