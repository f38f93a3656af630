from prunekit.ui.opening import opened_task

opened = opened_task("Sensitivity")
