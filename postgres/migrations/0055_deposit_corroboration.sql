-- +goose Up

-- Which deposits a second node has found in their block, by the inclusion that it was asked about.
-- That the node has the block says nothing of what the block's hash does not prove, and a deposit may
-- come to be credited after the others of its block were asked about.
create table deposit_corroboration (
    deposit   text   not null references deposit (id),
    inclusion bigint not null check (inclusion > 0),
    primary key (deposit, inclusion)
);

create trigger deposit_corroboration_keep before update or delete on deposit_corroboration
    for each row execute function deposit_append_only();
create trigger deposit_corroboration_keep_all before truncate on deposit_corroboration
    for each statement execute function deposit_append_only();
