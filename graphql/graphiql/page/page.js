"use strict";

// The API stands beside this page. The key is typed into the headers editor, which keeps
// it in the memory of the tab only; subscriptions take it from there too.
const api = new URL("../graphql", location.href);
const socket = new URL(api);
socket.protocol = api.protocol === "https:" ? "wss:" : "ws:";

const fetcher = GraphiQL.createFetcher({ url: api.href, subscriptionUrl: socket.href });

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher,
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: "headers",
    defaultHeaders: JSON.stringify({ Authorization: "Bearer cof_…" }, null, 2),
    defaultQuery: "# Put an API key into the headers below.\nquery Accounts {\n  accounts {\n    edges {\n      node {\n        name\n        balances {\n          asset {\n            symbol\n          }\n          available\n        }\n      }\n    }\n  }\n}\n",
  }),
);
