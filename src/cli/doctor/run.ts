import {
  type Answers,
  type Check,
  type Facts,
  type Question,
  type Result,
  type Step,
  wrong,
} from './check.ts'

/** Puts a question to whom it is of; never rejects. */
export type Asker = <Of extends Question['of']>(
  question: Extract<Question, { of: Of }>,
) => Promise<Answers[Of]>

/**
 * Takes the steps in their order. One whose needs have not been met is left out, so that what is wrong is told once, where it
 * is; so are all questions to somebody who is not to be asked any more.
 * @param facts what is known; checks add to it. @param signal ends it before the next step.
 */
export async function runSteps(
  steps: readonly Step[],
  facts: Facts,
  ask: Asker,
  now: () => number,
  signal?: AbortSignal,
): Promise<Result[]> {
  const results: Result[] = []
  const byName = new Map<string, Result>()
  const silenced = new Set<Question['of']>()

  /** What a step waits for in vain: the check that has failed, or why another was left out for which it waits. */
  function hindrance({ needs, about }: Step): string | undefined {
    for (const need of needs) {
      const result = byName.get(`${about} ${need}`) ?? byName.get(need)
      if (result?.outcome === 'skipped') return result.said
      if (result?.outcome === 'wrong')
        return `needs ${result.about === about ? '' : `${result.about}: `}${result.check}`
    }
    return undefined
  }

  async function take(step: Step): Promise<Omit<Result, 'check' | 'about'>> {
    if (signal?.aborted) return { outcome: 'skipped', said: 'stopped' }
    const why = hindrance(step)
    if (why !== undefined) return { outcome: 'skipped', said: why }
    if ('compare' in step) return { means: step.means, ...step.compare(facts) }
    const question = (step as Check).ask(facts)
    if (silenced.has(question.of)) return { outcome: 'skipped', said: 'not asked any more' }
    const answer = await ask(question)
    facts.now = now()
    const verdict = (step as Check).judge(answer, facts)
    if (verdict.ends) silenced.add(question.of)
    return { means: step.means, ...verdict }
  }

  /** What has been written is still to be removed. */
  const failed = (error: Error) => ({
    ...wrong(`doctor itself has failed: ${error.message}`, 'tell whoever maintains it'),
    means: '',
  })

  for (const step of steps) {
    if ('applies' in step && step.applies?.(facts) === false) continue
    const { outcome, said, means, advice } = await take(step).catch(failed)
    const hasFailed = outcome === 'wrong' || outcome === 'warning'
    const result = {
      about: step.about,
      check: step.name,
      outcome,
      said,
      ...(hasFailed ? { means, advice } : {}),
    }
    results.push(result)
    byName.set(`${step.about} ${step.name}`, result)
  }
  return results
}
