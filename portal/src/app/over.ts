/** Codes of the service that say a task is over, and what they mean to the person who worked on it. */
export const OVER: Record<string, string> = {
  lease_expired:
    "The time for this task has run out, and it went back to the pool. Your work is kept in this tab: if the same recording comes to you again, it is filled in.",
  task_returned:
    "This task was given back, perhaps in another window. Your work is kept in this tab: if the same recording comes to you again, it is filled in.",
  already_answered: "You have already answered this task, perhaps in another window. That answer counts.",
  job_ended: "This job was ended by its owner, so the task is no longer needed.",
};

/** Said where the lease ended before its time. */
export const TAKEN_BACK =
  "The service took this task back before its time was over, perhaps because its job was stopped. Your work is kept in this tab: if the same recording comes to you again, it is filled in.";
