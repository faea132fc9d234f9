-- +goose Up

-- Where a customer stands, as operators set it: the newest row of an account counts, the
-- older ones say what was set before, by whom and why.
create table withdrawal_customers (
    id      bigint      primary key generated always as identity,
    tenant  text        not null,
    account text        not null,
    state   text        not null check (state in ('active', 'limited', 'blocked')),
    reason  text        not null,
    actor   text        not null check (length(actor) between 1 and 200),
    set_at  timestamptz not null
);

create index withdrawal_customers_by_account on withdrawal_customers (tenant, account, id);
create trigger withdrawal_customers_append_only before update or delete or truncate on withdrawal_customers
    for each statement execute function withdrawal_refuse_change();

-- A new standing makes earlier findings about the customer's withdrawals void.
create index withdrawal_waiting_of_account on withdrawal (account)
    where state in ('requested', 'screened', 'review', 'awaiting_approval', 'approved', 'paying');
create index withdrawal_waiting_for_account on withdrawal (to_account)
    where to_account is not null and state in ('requested', 'screened', 'review', 'awaiting_approval', 'approved');
